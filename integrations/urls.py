from django.urls import path

from integrations.views import deliveries, integrations, keys, signing, ways_in

app_name = "integrations"
urlpatterns = [
    path("", integrations.index, name="list"),
    path("health/", integrations.how_they_do, name="health"),
    path("new/", integrations.choose, name="choose"),
    path("new/<slug:kind>/", integrations.new, name="new"),
    path("deliveries/", deliveries.index, name="deliveries"),
    path("deliveries/<int:pk>/", deliveries.detail, name="delivery"),
    path("deliveries/<int:pk>/replay/", deliveries.replay, name="replay"),
    path("<int:pk>/", integrations.detail, name="detail"),
    path("<int:pk>/rename/", integrations.rename, name="rename"),
    path("<int:pk>/close/", integrations.close, name="close"),
    path("<int:pk>/reopen/", integrations.reopen, name="reopen"),
    path("<int:pk>/fields/", ways_in.fields, name="fields"),
    path("<int:pk>/origins/", ways_in.origins, name="origins"),
    path("<int:pk>/site-key/", ways_in.site_key, name="site_key"),
    path("<int:pk>/inbox/", ways_in.inbox, name="inbox"),
    path("<int:pk>/signing/", signing.secret, name="signing"),
    path("<int:pk>/replay/", deliveries.replay_all, name="replay_all"),
    path("<int:pk>/replay/<int:replay_id>/cancel/", deliveries.cancel_replay, name="cancel_replay"),
    path("<int:pk>/keys/new/", keys.new, name="new_key"),
    path("<int:pk>/keys/<int:key_id>/rotate/", keys.rotate, name="rotate"),
    path("<int:pk>/keys/<int:key_id>/limit/", keys.limit, name="limit"),
    path("<int:pk>/keys/<int:key_id>/rename/", keys.rename, name="rename_key"),
    path("<int:pk>/keys/<int:key_id>/revoke/", keys.revoke, name="revoke"),
]
