"""Feedback in English. {slots} are filled by integrations.seeding.writing."""

# ruff: noqa: E501  (lists of words)
# fmt: off

from integrations.seeding.texts.topic import Topic

OPENINGS = (
    "Hi team,", "Hello,", "Good morning,", "Hi there,", "Dear support,", "Hey,", "Hi {agent},", "Good afternoon,",
)
DETAILS = (
    "I am on {browser}, and a colleague sees the same on {browser2}.",
    "It started with the {month} release; before that it was fine.",
    "This happens about {n} times a week, mostly {daytime}.",
    "We have {seats} people in {team} who depend on it.",
    "I tried signing out, clearing the cache and a private window.",
    "The same steps work in the {area} of our staging workspace.",
    "I have attached a recording; the interesting part begins at {clock}.",
    "Reference {reference}, in case that helps you find it in the logs.",
    "It affects the workspace “{workspace}” only.",
    "Nothing on our side has changed since {weekday}.",
    "The file has {rows} rows, so it is not even one of our big ones.",
)
IMPACTS = (
    "Our month-end close depends on this.",
    "For now we copy the figures by hand, which takes {team} half a day.",
    "It is not urgent, but it is the first thing everyone asks about.",
    "We would like to have this settled before the renewal in {month}.",
    "My director asked why the numbers differ, and I had no answer.",
    "Three other people in {team} ran into it the same day.",
    "This is the last thing that keeps us from moving {team} over.",
    "We have a board meeting on {weekday}, so a workaround would already help.",
)
CLOSINGS = (
    "Thanks!", "Thank you for looking into it.", "Any idea?", "Happy to jump on a call.", "Let me know what you need from me.",
    "Thanks in advance,", "Best,", "Kind regards,", "Cheers,", "Looking forward to hearing from you.",
)
PRAISE = (
    "Reports finally load fast. I would still like to schedule them for Monday mornings.",
    "Took a day to get used to, would not go back.",
    "Solved in one reply, thank you {agent}. 🙏",
    "The {area} is a joy to use.",
    "Best support I have had from any vendor this year 🎉",
    "{team} loves the {feature}.",
    "Setup took twenty minutes. I had planned two days.",
    "Honestly the {feature} saves me an hour every {weekday}.",
    "Great product, and it keeps getting better 🚀",
    "Simple, quick, does what it says.",
    "We moved over from spreadsheets in {month} and nobody misses them.",
    "Exactly what we needed, at a fair price 👍",
)
NEUTRAL = (
    "Good, but the {area} could be faster.",
    "Does the job. The mobile app needs some love.",
    "I only use the {feature}, and that works.",
    "Fine overall; I miss {wish}.",
    "Some days quick, some days slow.",
    "Too many clicks to get to the {area}.",
)
COMPLAINTS = (
    "Slow every Monday at nine. 😕",
    "The {feature} broke twice this month.",
    "I waited {n} days for an answer.",
    "Too expensive for what {team} uses.",
    "Could not find {wish}, and support said it is not planned.",
    "The new editor lost my changes 😡",
    "I had to ask three times before anybody looked at it.",
    "Exports are unreliable, and that is why we bought it.",
)

TOPICS = (
    Topic("Exports", "Bug", 12, (
        ("Export to CSV drops accented characters", "Our finance import turns Kovač into Kova? every month."),
        ("Export stops at {rows} rows", "When I export the {area} to {format}, the file ends after {rows} rows without any message."),
        ("Export of the {area} never finishes", "The {format} export of “{workspace}” has been at 99 % since {clock}."),
        ("Scheduled export did not arrive on {weekday}", "The export that should come on {weekday} has not arrived for two weeks."),
        ("{format} file has its columns in another order", "Since the last update the columns of the {format} file are in another order, and our macro fails."),
        ("Excel export shows dates as numbers", "Dates in the {format} export come out as numbers such as 45231."),
    )),
    Topic("Performance", "Performance", 9, (
        ("{area} is slow {daytime}", "Opening the {area} takes {n} seconds {daytime}."),
        ("Board report does not finish loading", "The board report turns and turns and then says that something went wrong."),
        ("Filters are slower than the report", "Filters on the {area} take longer than the report itself."),
        ("Search has become slow", "Search was instant last month; now I can watch it think."),
        ("API answers in {n} seconds", "The API answers in about {n} seconds where it used to take a few milliseconds."),
    )),
    Topic("Billing", "Billing", 11, (
        ("Wrong seats on invoice {invoice}", "Invoice {invoice} lists {seats} seats, but we only have {n} people."),
        ("Charged twice in {month}", "We were charged twice in {month}: invoice {invoice} and the one right after it."),
        ("Purchase order number for {invoice}", "Our accounting needs a purchase order number on invoice {invoice}."),
        ("Card was declined, but our bank says otherwise", "The card ending in 4{n}2 was declined, although our bank sees no attempt."),
        ("Proration after changing to {plan2}", "We changed our plan to {plan2} in the middle of the month, and I cannot follow the proration on {invoice}."),
        ("Invoices to another address", "Could you send the invoices to our billing address instead of to me?"),
        ("Can we pay by bank transfer?", "Our bank no longer allows card payments above a limit. Can we pay {invoice} by transfer?"),
    )),
    Topic("Access", "Security", 9, (
        ("Cannot sign in with SSO", "Single sign-on sends us back to the sign-in page without a message."),
        ("Two-factor codes are not accepted", "My authenticator's codes are refused since I changed phones."),
        ("Invitation link has expired", "The invitation for our new colleague in {team} says it has expired, after one hour."),
        ("Please remove a former colleague", "A colleague left us on {weekday}; please remove the access today."),
        ("Locked out after the password reset", "I asked for a password reset {n} times, and no email arrives."),
        ("New certificate for single sign-on", "Our identity provider rotates its certificate in {month}. Where do we upload the new one?"),
    )),
    Topic("Scheduling", "Feature request", 10, (
        ("Schedule reports by email", "I would love to get the {area} as a PDF every {weekday} at eight."),
        ("Send the board pack every {weekday}", "Our three directors never sign in; they want a weekly PDF in their inbox."),
        ("Time zones of scheduled reports", "Scheduled reports use UTC, so ours arrive in the middle of the night."),
        ("Pause a schedule over the holidays", "Could a schedule skip public holidays?"),
    )),
    Topic("Integrations", "Integrations", 9, (
        ("Connection to {tool} keeps dropping", "The connection to {tool} has to be authorised again every few days."),
        ("Sync with {tool} is a day behind", "Contacts that we change in {tool} show up here a day later."),
        ("Webhook retries", "Your webhook called us {n} times for one event; do you have an idempotency key?"),
        ("Is there a connector for {tool}?", "Is a connector for {tool} planned? We would use it in {team} at once."),
        ("Custom fields of {tool} are lost", "The field mapping for {tool} loses custom fields with a dot in their name."),
    )),
    Topic("Editor", "Bug", 8, (
        ("New editor lost my changes", "I edited “{workspace}” for an hour, and after saving half of it was gone."),
        ("Undo does not work in the editor", "Undo takes back the wrong step as soon as somebody else types."),
        ("Formulas jump to another cell", "When I paste from a spreadsheet, formulas land one cell too low."),
        ("Cursor jumps on {browser}", "The cursor jumps to the end of the line on {browser}."),
    )),
    Topic("Mobile", "Mobile", 6, (
        ("App closes when I open the {area}", "The app closes as soon as I open the {area}."),
        ("Push notifications arrive late", "Notifications come {n} hours late, all at once."),
        ("Charts are cut off on tablets", "On my tablet the chart is cut off at the right edge."),
        ("Offline mode on the train", "It would help to have yesterday's figures offline, for the train."),
    )),
    Topic("Permissions", "Feature request", 6, (
        ("Read-only role for auditors", "Our auditors need to see everything and change nothing; which role is that?"),
        ("Who changed the {area}?", "Somebody changed the {area} on {weekday}. Is there a history?"),
        ("Limit {team} to one workspace", "{team} should only see the workspace “{workspace}”."),
        ("Guests can see too much", "A guest could open the salary report through search. That must not happen."),
    )),
    Topic("Onboarding", "Docs", 7, (
        ("How do I import our customers?", "We signed last week and would like to import {rows} customers. Is there a template?"),
        ("Training for {team}", "Is there a recorded training that I can pass on to {team}?"),
        ("Guide shows the old screens", "The guide for the {feature} still shows the old screens."),
        ("Invite several people at once", "I did not find how to invite several people at once."),
    )),
    Topic("Data", "Bug", 7, (
        ("Totals differ between two reports", "The total on the {area} is {n} % above the one in the export."),
        ("{weekday} is missing", "Figures for {weekday} are missing everywhere."),
        ("Duplicate rows after the import", "After the import every row is there twice."),
        ("Numbers changed overnight", "The revenue of {month} changed overnight, without an edit."),
    )),
    Topic("Praise", "Praise", 8, (
        ("The new {area} is great", "I just wanted to say that the new {area} is a joy."),
        ("Great help from {agent}", "{agent} solved in ten minutes what had bothered us for months."),
        ("Thank you!", "The {feature} alone was worth the switch."),
        ("Well done", "Please tell the team behind the {feature} that we are fans 💛"),
    )),
    Topic("Cancellation", "Churn risk", 4, (
        ("We would like to cancel", "After the price increase we have to look at other tools."),
        ("Downgrade to {plan}", "Please downgrade us to {plan} from {month} on."),
        ("Export everything before we leave", "How do we export everything, attachments included, before the contract ends?"),
        ("Price increase in {month}", "We are a small non-profit, and the new price is more than our rent."),
    )),
    Topic("Privacy", "Security", 3, (
        ("Data processing agreement", "Our data protection officer asks for the current processing agreement and the list of subprocessors."),
        ("Please delete my account", "Please delete my personal account and everything you hold about me."),
        ("Where is our data stored?", "Can our workspace be hosted in the EU only?"),
        ("Security questionnaire", "We have a security questionnaire with {seats} questions; whom may I send it to?"),
    )),
)

CALLS = (
    "Called about {topic}. {problem} {agent} promised an answer by {weekday}.",
    "[Voicemail, {n} min] {opening} {problem} {impact} Please call back.",
    "Call with {team}, {n} minutes. {problem} {detail} Asked to be told when it is fixed.",
    "Interview for the research on {topic}: “{problem}” Would also like {wish}.",
)
CHAT_ANSWERS = (
    "Thanks for the details! Let me look at that.", "I can see it on our side too, one moment.", "Does it also happen in a private window?",
    "I have passed this on to the team behind the {feature}.", "Could you send me the name of the workspace?",
    "This is fixed in the release of {weekday}. 🎉", "Good question! At the moment that needs the {plan} plan.",
)
CHAT_REPLIES = (
    "Same there.", "“{workspace}”", "Great, thanks!", "Ok, I will wait for it", "Yes, just now again", "perfect, that did it 🙌",
    "Hm, that is a pity", "since {weekday}", "Who decides that?",
)
POSTS = (
    "{problem} Anyone else? #{tag}", "Shout-out to {agent} at support 👏 {praise}", "{complaint} @{brand}", "PSA: {problem} Workaround: use {format}. #{tag}",
    "{praise} @{brand} 💛", "Day {n} of waiting for {wish} ⏳ @{brand}",
)

SLOTS: dict[str, tuple[str, ...]] = {
    "agent": ("Tom", "Mina", "Priya", "Sam", "Lena", "Diego", "Aiko", "Ruth"),
    "browser": ("Firefox 141", "Chrome 141", "Safari 18", "Edge 140", "Chrome on Android", "Safari on an iPad", "Firefox ESR"),
    "browser2": ("Safari", "Chrome", "Edge", "Firefox", "the desktop app"),
    "month": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"),
    "weekday": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"),
    "daytime": ("on Monday mornings", "after lunch", "at the end of the month", "in the evening", "around nine", "since this morning"),
    "team": ("Finance", "Sales", "Operations", "Support", "HR", "Marketing", "Procurement", "the warehouse", "Customer Success", "Legal"),
    "area": ("dashboard", "board report", "pipeline view", "revenue chart", "activity feed", "search", "customer table", "forecast",
             "cohort view", "calendar", "inbox", "audit log"),
    "feature": ("new editor", "shared views", "scheduled reports", "API", "comments", "formula columns", "alerts", "templates",
                "saved filters", "import wizard", "dark mode", "keyboard shortcuts"),
    "format": ("CSV", "Excel", "PDF", "JSON"),
    "plan": ("Starter", "Team", "Scale", "Enterprise"),
    "plan2": ("Team", "Scale", "Enterprise"),
    "tool": ("our CRM", "the data warehouse", "our help desk", "the calendar", "our chat", "the HR system", "the web shop", "our ERP"),
    "wish": ("dark charts", "a read-only link", "folders", "an undo for bulk edits", "a German version", "bulk invitations", "more than two filters",
             "an on-premise version", "a Gantt view", "custom fonts in PDFs"),
    "workspace": ("Production", "Board pack", "Q3 forecast", "EMEA sales", "Staging", "Weekly numbers", "Churn watch", "Warehouse", "Budget 2026",
                  "Customer health"),
    "tag": ("productivity", "saas", "reporting", "exports", "data", "support"),
    "brand": ("tidepool_app", "tidepool_help"),
}
