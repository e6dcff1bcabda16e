"""The authorisation matrix, written down (8.2): who may open each address and who may send to it.

A line is: name of the address, who may GET it, who may POST to it, and what its arguments name: a kind of record of
the cast (`matrix_cast.py`), or a "text". An address without a line fails, and so does a line without an address. Every
other method is answered 405 by all of them.

    public      everybody
    person      whoever is signed in: staff and customers
    viewer, support, admin, superuser
                staff of this role or a higher one
    support!, admin!
                the same, but nobody whom a team limits, because it shows or changes everybody's records (3.5)
    customer    customers, and whoever impersonates one
    acting      the same, but not who impersonates to look only; `acting owner` acts for the organisation's owner
    themselves  customers, and nobody in their name (8.3)
    owner       the owner of the organisation themselves
    nobody      none of them: strangers are sent to sign in, everybody else is refused
    key         who has an API key, which no session is
    -           nobody: there is no such method

A number after the word is the status that whoever may gets; without one it is a page, a form's answer or a redirect.
"""

TABLE = """
/admin/login/                             nobody        nobody
healthz                                   public        -
readyz                                    public 503    -

dashboard:overview                        viewer        -
dashboard:search                          viewer        -
dashboard:search_count                    viewer        -               kind="people"
dashboard:palette                         viewer        -

staff:sign_in                             public        public
staff:sign_out                            public        public
staff:forgotten                           public        public
staff:forgotten_sent                      public        -
staff:choose_password                     public 410    public 410      encoded="x" token="x"
staff:preferences                         viewer        viewer
staff:theme                               -             viewer

account_login                             public        public
mfa_authenticate                          public        public
mfa_login_webauthn                        public        public
single_sign_on                            public 404    -
openid_connect_callback                   public 404    -               provider_id="x"
two_factor_enrol                          public        public
account_reauthenticate                    person        person
mfa_reauthenticate                        person        person
mfa_reauthenticate_webauthn               person        person
mfa_index                                 person        -
account_change_password                   person        person
mfa_activate_totp                         person        person
mfa_deactivate_totp                       person        person
mfa_view_recovery_codes                   person        -
mfa_generate_recovery_codes               person        person
mfa_add_webauthn                          person        person
mfa_edit_webauthn                         person        person          pk=passkey
mfa_remove_webauthn                       person        person          pk=passkey
end_session                               -             person
end_other_sessions                        -             person

retention:permanent_deletion              admin!        admin!          pk=deleted_customer
retention:permanent_deletion_of_account   admin!        admin!          pk=deleted_account
retention:purge_customers                 admin!        admin!
retention:purge_documents                 admin!        admin!
retention:export                          support       -               pk=customer
retention:suppressions                    admin!        admin!
retention:receipts                        admin!        -
retention:receipt                         admin!        -               pk=purge
retention:download_receipt                admin!        -               pk=purge
retention:purge_again                     -             admin!          pk=purge

impersonation:of_customer                 admin         admin           pk=customer_with_login
impersonation:of_account                  admin         admin           pk=owned_account
impersonation:end                         -             person

portal:home                               customer      -
portal:profile                            customer      acting
portal:add_email                          -             themselves
portal:confirm_email                      customer 404  themselves 404  token="x"
portal:remove_detail                      -             themselves      pk=own_detail
portal:make_primary                       -             themselves      pk=own_detail
portal:preferences                        customer      acting
portal:security                           themselves    -
portal:password                           customer      themselves
portal:organisations                      customer      -
portal:organisation                       customer      -               pk=organisation
portal:invite                             -             owner           pk=organisation
portal:remove_member                      -             acting owner    pk=organisation customer_id=fellow
portal:feedback                           customer      -
portal:new_feedback                       customer      acting
portal:feedback_detail                    customer      -               pk=own_feedback
portal:activity                           customer      -
portal:data                               customer      -
portal:export                             -             themselves
portal:ask_for_deletion                   -             themselves
portal:leaving                            customer      -
portal:cancel_deletion                    -             themselves

customers:list                            viewer        -
customers:count                           viewer        -
customers:filter                          viewer        -               kind="account"
customers:bulk                            -             support
customers:tag_options                     support       -
customers:bulk_edit                       support       support         pk=bulk
customers:bulk_property                   support       -               subject="account"
customers:undo_bulk                       -             support         entry_id=tagging
customers:export                          -             support
customers:new                             support       support
customers:account_suggestions             viewer        -
customers:detail                          viewer        -               pk=customer
customers:delete                          -             support         pk=customer
customers:restore                         -             support         pk=deleted_customer
customers:legal_hold                      admin         admin           pk=customer
customers:undo_delete                     -             support         entry_id=deletion
customers:edit                            support       support         pk=customer
customers:identifiers                     support       support         pk=customer
customers:identifier                      support       support         pk=customer identifier_id=identifier
customers:remove_identifier               -             support         pk=customer identifier_id=identifier
customers:restore_identifier              -             support         pk=customer identifier_id=lost_identifier
customers:make_primary                    -             support         pk=customer identifier_id=identifier
customers:properties                      support       support         pk=customer
customers:property                        support       support         pk=customer key="plan"
customers:remove_property                 -             support         pk=customer key="plan"
customers:restore_property                -             support         pk=customer key="plan"
customers:reset_property                  -             support         pk=customer key="plan"
customers:tags                            support       support         pk=customer
customers:tag_suggestions                 support       -               pk=customer
customers:remove_tag                      -             support         pk=customer tag_id=tag
customers:restore_tag                     -             support         pk=customer tag_id=lost_tag
customers:notes                           viewer        support         pk=customer
customers:note                            support       support         pk=customer note_id=note
customers:pin_note                        -             support         pk=customer note_id=note
customers:delete_note                     -             support         pk=customer note_id=note
customers:restore_note                    -             support         pk=customer note_id=lost_note
customers:memberships                     support       support         pk=customer
customers:remove_membership               -             support         pk=customer membership_id=membership
customers:make_primary_account            -             support         pk=customer membership_id=membership
customers:set_contact                     -             support         pk=customer membership_id=membership
customers:attributes                      support       support         pk=customer membership_id=membership
customers:attribute                       support       support         pk=customer membership_id=membership key="desk"
customers:clear_attribute                 -             support         pk=customer membership_id=membership key="desk"
customers:merge_selected                  -             support
customers:merge                           support       support         pk=customer
customers:undo_merge                      -             support         pk=merge
customers:duplicates                      support       -
customers:dismiss_duplicate               -             support         pk=duplicate

accounts:list                             viewer        -
accounts:count                            viewer        -
accounts:filter                           viewer        -               kind="property"
accounts:bulk                             -             support
accounts:bulk_edit                        support       support         pk=account_bulk
accounts:undo_bulk                        -             support         entry_id=account_setting
accounts:export                           -             support
accounts:export_members                   -             support
accounts:new                              support       support
accounts:detail                           viewer        -               pk=account
accounts:contacts                         viewer        -               pk=account
accounts:add_contact                      support       support         pk=account
accounts:role                             -             support         pk=account membership_id=membership
accounts:customers                        viewer        -               pk=account
accounts:activity                         viewer        -               pk=account
accounts:rename                           support       support         pk=account
accounts:identify                         support       support         pk=account
accounts:properties                       support       support         pk=account
accounts:property                         support       support         pk=account key="region"
accounts:remove_property                  -             support         pk=account key="region"
accounts:reset_property                   -             support         pk=account key="region"
accounts:delete                           support       support         pk=account
accounts:restore                          -             support         pk=deleted_account
accounts:legal_hold                       admin         admin           pk=account
accounts:undo_delete                      -             support         entry_id=account_deletion

account_feedback:list                     viewer        -               pk=account
account_feedback:channels                 viewer        -               pk=account

documents:list                            viewer        -
documents:count                           viewer        -
documents:groups                          viewer        -
documents:filter                          viewer        -               kind="account"
documents:export                          -             support
documents:bulk                            -             support
documents:bulk_edit                       support       support         pk=document_bulk
documents:undo_bulk                       -             support         entry_id=document_tagging
documents:of_customer                     viewer        -               customer_id=customer
documents:detail                          viewer        -               pk=document
documents:delete                          -             support         pk=document
documents:restore                         -             support         pk=deleted_document
documents:undo_delete                     -             support         entry_id=document_deletion
documents:status                          -             support         pk=document
documents:tag                             -             support         pk=document
documents:untag                           -             support         pk=document tag_id=tag
documents:customer                        viewer        -               pk=document
documents:customer_properties             -             support         pk=document
documents:add_customer                    support       support         pk=document
documents:new_customer                    support       support         pk=document
documents:known_email                     support       -               pk=document
documents:remove_customer                 -             support         pk=document
documents:undo_customer                   -             support         pk=document

segments:list                             viewer        -
segments:new                              support       support
segments:options                          support       -
segments:detail                           viewer        -               pk=segment
segments:count                            viewer        -               pk=segment
segments:rename                           support       support         pk=own_segment
segments:delete                           support       support         pk=own_segment
segments:add                              -             support         pk=segment
segments:remove                           -             support         pk=segment

surveys:list                              viewer        -
surveys:detail                            viewer        -               pk=survey
surveys:export                            -             support         pk=survey
surveys:of_customer                       viewer        -               customer_id=customer
surveys:of_account                        viewer        -               pk=account

usage:list                                viewer        -
usage:export                              -             support
usage:export_of_account                   -             support         pk=account
usage:stream                              viewer        -               kind="account" pk=account
usage:of_customer                         viewer        -               customer_id=customer
usage:of_account                          viewer        -               pk=account

campaigns:list                            viewer        -
campaigns:detail                          viewer        -               pk=campaign
campaigns:export                          -             support         pk=campaign
campaigns:of_customer                     viewer        -               customer_id=customer

imports:list                              support!      -
imports:new                               support!      support!
imports:detail                            support!      -               pk=import
imports:map                               support!      support!        pk=import
imports:preview                           support!      support!        pk=import
imports:cancel                            -             support!        pk=import
imports:again                             -             support!        pk=import
imports:errors                            support!      -               pk=import

integrations:list                         admin!        -
integrations:health                       admin!        -
integrations:choose                       admin!        -
integrations:new                          admin!        admin!          kind="user"
integrations:deliveries                   admin!        -
integrations:delivery                     admin!        -               pk=delivery
integrations:replay                       -             admin!          pk=delivery
integrations:detail                       admin!        -               pk=integration
integrations:rename                       admin!        admin!          pk=integration
integrations:close                        admin!        admin!          pk=integration
integrations:reopen                       -             admin!          pk=integration
integrations:fields                       admin!        admin!          pk=mapped_integration
integrations:origins                      -             admin!          pk=integration
integrations:site_key                     -             admin!          pk=integration
integrations:inbox                        -             admin!          pk=integration
integrations:signing                      -             admin!          pk=integration
link-rules:edit                           admin!        admin!          pk=integration
link-rules:remove                         -             admin!          pk=integration rule_id=link_rule
link-rules:apply                          -             admin!          pk=integration
link-rules:stop                           -             admin!          pk=integration
integrations:replay_all                   -             admin!          pk=integration
integrations:cancel_replay                -             admin!          pk=integration replay_id=replay
integrations:new_key                      admin!        admin!          pk=integration
integrations:rotate                       admin!        admin!          pk=integration key_id=apikey
integrations:limit                        admin!        admin!          pk=integration key_id=apikey
integrations:rename_key                   admin!        admin!          pk=integration key_id=apikey
integrations:revoke                       admin!        admin!          pk=integration key_id=apikey

census:census                             -             key
tracking:identify                         -             key
tracking:group                            -             key
tracking:track                            -             key
tracking:page                             -             key
tracking:screen                           -             key
tracking:alias                            -             key
tracking:batch                            -             key
tracking:import                           -             key
intake:feedback                           -             key
intake:email                              -             public 404      secret="x"
intake:widget                             -             public 404      site_key="x"
widget_script                             public 404    -

webhook:users                             -             key
webhook:accounts                          -             key

api:openapi                               public        -
api:docs                                  public        -
api:nothing                               public 404    public 404
api:customers                             key           key
api:bulk_customers                        -             key
api:customer                              key           -               customer_id=customer
api:restore_customer                      -             key             customer_id=deleted_customer
api:merge_customer                        -             key             customer_id=customer
api:undo_merge                            -             key             merge_id=merge
api:export_customer                       key           -               customer_id=customer
api:documents                             key           key
api:bulk_documents                        -             key
api:document                              key           -               document_id=document
api:restore_document                      -             key             document_id=deleted_document
api:document_customer                     -             -               document_id=document
api:accounts                              key           key
api:account                               key           -               account_id=account
api:restore_account                       -             key             account_id=deleted_account
api:members                               key           key             account_id=account
api:member                                -             -               account_id=account customer_id=customer
api:properties                            key           key
api:tags                                  key           key
api:segments                              key           key
api:segment_customers                     -             -               segment_id=segment
api:bulk_usage                            -             key
api:bulk_surveys                          -             key
api:bulk_deliveries                       -             key

mcp:serve                                 -             key

outgoing:list                             admin!        -
outgoing:new                              admin!        admin!
outgoing:detail                           admin!        -               pk=webhook
outgoing:edit                             admin!        admin!          pk=webhook
outgoing:rotate                           -             admin!          pk=webhook
outgoing:pause                            -             admin!          pk=webhook
outgoing:resume                           -             admin!          pk=webhook
outgoing:test                             -             admin!          pk=webhook
outgoing:replay                           -             admin!          pk=webhook
outgoing:delete                           admin!        admin!          pk=webhook
outgoing:delivery                         admin!        -               pk=webhook delivery_id=webhook_delivery
outgoing:replay_one                       -             admin!          pk=webhook delivery_id=webhook_delivery

audit:list                                admin!        -
audit:export                              -             admin!
audit:detail                              admin!        -               pk=entry
audit:history                             viewer        -               kind="customer" pk=customer

policies:list                             admin!        -
policies:policy                           admin!        admin!          pk=policy
policies:due                              admin!        -               pk=policy
policies:run_now                          -             admin!          pk=policy
policies:run                              admin!        -               pk=run
policies:approve                          -             admin!          pk=run
policies:cancel                           -             admin!          pk=run
policies:again                            -             admin!          pk=run

colleagues:list                           admin!        -
colleagues:invite                         admin!        admin!
colleagues:two_factor                     -             admin!
colleagues:roles                          admin!        -
colleagues:detail                         admin!        admin!          pk=colleague
colleagues:invite_again                   -             admin!          pk=colleague
colleagues:deactivate                     -             admin!          pk=colleague
colleagues:reactivate                     -             admin!          pk=colleague
colleagues:reset_second_factors           -             admin!          pk=colleague
colleagues:sign_out                       -             admin!          pk=colleague

properties:list                           support       -
properties:new                            admin!        admin!
properties:edit                           admin!        admin!          pk=property
properties:move                           -             admin!          pk=property
properties:merge                          admin!        admin!          pk=property
properties:delete                         admin!        admin!          pk=property
properties:rewrite                        -             admin!          pk=property_rewrite

teams:list                                admin!        -
teams:new                                 admin!        admin!
teams:detail                              admin!        -               pk=team
teams:edit                                admin!        admin!          pk=team
teams:delete                              admin!        admin!          pk=team
teams:choose                              -             admin!          pk=team
teams:leave_out                           -             admin!          pk=team account_id=account
teams:add_member                          -             admin!          pk=team
teams:remove_member                       -             admin!          pk=team user_id=colleague

tags:list                                 viewer        -
tags:new                                  support       support
tags:rewrite                              -             admin!          pk=tag_rewrite
tags:edit                                 admin!        admin!          pk=tag
tags:merge                                admin!        admin!          pk=tag
tags:delete                               admin!        admin!          pk=tag
"""
