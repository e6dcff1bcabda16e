/* How long an impersonation goes on (portal/_acting.html); at its end the server leads back to the dashboard */
const acting = $("[data-ends]");
if (acting) {
  const tick = () => {
    const left = Date.parse(acting.dataset.ends) - Date.now();
    if (left <= 0) return location.reload();
    $("[data-minutes]", acting).textContent = Math.ceil(left / 60000);
    setTimeout(tick, Math.min(left, 10000) + 50);
  };
  tick();
}
