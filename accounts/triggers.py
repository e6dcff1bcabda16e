"""Triggers that keep which accounts each limited team may view, and which teams limit each member of staff (3.5).

Visibility must follow at once, whatever changed it, so no job does this. Changes of teams exclude each other and changes
of accounts by an advisory lock; the next statement then sees what was committed meanwhile (READ COMMITTED).
"""

import pgtrigger

FUNCTIONS = """
CREATE OR REPLACE FUNCTION accounts_meets(properties jsonb, key text, operator text, wanted jsonb)
RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    held jsonb := CASE jsonb_typeof(properties -> key) WHEN 'array' THEN properties -> key ELSE '[]' END;
    said text := wanted #>> '{}';
BEGIN
    RETURN CASE operator
        WHEN 'is' THEN held @> jsonb_build_array(wanted)
        WHEN 'is_not' THEN NOT held @> jsonb_build_array(wanted)
        WHEN 'contains' THEN EXISTS (
            SELECT 1 FROM jsonb_array_elements_text(held) AS one WHERE strpos(lower(one), lower(said)) > 0)
        WHEN 'greater' THEN EXISTS (
            SELECT 1 FROM jsonb_array_elements(held) AS one WHERE jsonb_typeof(one) = 'number' AND one > wanted)
        WHEN 'less' THEN EXISTS (
            SELECT 1 FROM jsonb_array_elements(held) AS one WHERE jsonb_typeof(one) = 'number' AND one < wanted)
        WHEN 'before' THEN EXISTS (
            SELECT 1 FROM jsonb_array_elements_text(held) AS one WHERE one COLLATE "C" < said)
        WHEN 'after' THEN EXISTS (
            SELECT 1 FROM jsonb_array_elements_text(held) AS one WHERE one COLLATE "C" > said || '~')
        WHEN 'empty' THEN jsonb_array_length(held) = 0
        WHEN 'not_empty' THEN jsonb_array_length(held) > 0
        ELSE false
    END;
END $$;

CREATE OR REPLACE FUNCTION accounts_visible_now(teams bigint[], accounts bigint[])
RETURNS TABLE (team_id bigint, account_id bigint) LANGUAGE sql STABLE AS $$
    SELECT c.team_id, c.account_id FROM accounts_teamaccount c
    JOIN accounts_team t ON t.id = c.team_id AND t.reach = 'list'
    WHERE (teams IS NULL OR c.team_id = ANY(teams)) AND (accounts IS NULL OR c.account_id = ANY(accounts))
    UNION ALL
    SELECT t.id, a.id FROM accounts_team t
    JOIN properties_definition d ON d.id = t.definition_id
    CROSS JOIN accounts_account a
    WHERE t.reach = 'rule' AND (teams IS NULL OR t.id = ANY(teams)) AND (accounts IS NULL OR a.id = ANY(accounts))
      AND accounts_meets(a.properties, d.key, t.operator, t.value)
$$;

CREATE OR REPLACE FUNCTION accounts_keep_visible(teams bigint[], accounts bigint[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM accounts_visibleaccount v
    WHERE (teams IS NULL OR v.team_id = ANY(teams)) AND (accounts IS NULL OR v.account_id = ANY(accounts))
      AND NOT EXISTS (
          SELECT 1 FROM accounts_visible_now(teams, accounts) n
          WHERE n.team_id = v.team_id AND n.account_id = v.account_id);
    INSERT INTO accounts_visibleaccount (team_id, account_id)
    SELECT n.team_id, n.account_id FROM accounts_visible_now(teams, accounts) n
    ON CONFLICT DO NOTHING;
END $$;

CREATE OR REPLACE FUNCTION accounts_keep_team_ids(users bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM staff_user WHERE id = ANY(users) ORDER BY id FOR NO KEY UPDATE;
    UPDATE staff_user u SET team_ids = m.ids
    FROM (
        SELECT w.id, CASE WHEN bool_or(t.reach = 'all') OR count(t.id) = 0 THEN NULL
            ELSE array_agg(t.id ORDER BY t.id)::bigint[] END AS ids
        FROM staff_user w
        LEFT JOIN accounts_teammember tm ON tm.user_id = w.id
        LEFT JOIN accounts_team t ON t.id = tm.team_id
        WHERE w.id = ANY(users) GROUP BY w.id
    ) m
    WHERE u.id = m.id AND u.team_ids IS DISTINCT FROM m.ids;
END $$;
"""

_LOCK = "PERFORM pg_advisory_xact_lock{shared}(hashtextextended('accounts_team', 0));"
_ALONE, _TOGETHER = _LOCK.format(shared=""), _LOCK.format(shared="_shared")


def before_account_update() -> pgtrigger.Trigger:
    """Whoever changes what a form shows of an account makes the form stale."""
    return pgtrigger.Trigger(
        name="before_update", level=pgtrigger.Row, when=pgtrigger.Before, operation=pgtrigger.Update,
        condition=pgtrigger.AnyChange("name", "external_id", "state", "properties"),
        func="""
            NEW.version := OLD.version + 1;
            NEW.updated_at := clock_timestamp();
            RETURN NEW;
        """,
    )  # fmt: skip


def keep_teams_of_accounts() -> list[pgtrigger.Trigger]:
    """An account that is new or has other properties is seen by the teams whose rule it meets now."""
    keep = """
        IF EXISTS ({changed}) THEN
            {lock}
            PERFORM accounts_keep_visible(
                (SELECT coalesce(array_agg(id), '{{}}') FROM accounts_team WHERE reach = 'rule'),
                ARRAY({changed}));
        END IF;
        RETURN NULL;
    """
    other = (
        "SELECT n.id FROM new_rows n JOIN old_rows o ON o.id = n.id WHERE n.properties IS DISTINCT FROM o.properties"
    )
    return [
        _after("team_insert", pgtrigger.Insert, keep.format(changed="SELECT id FROM new_rows", lock=_TOGETHER)),
        _after("team_update", pgtrigger.Update, keep.format(changed=other, lock=_TOGETHER)),
    ]


def keep_teams_of_teams() -> list[pgtrigger.Trigger]:
    keep = f"""
        {_ALONE}
        PERFORM accounts_keep_visible(ARRAY(SELECT id FROM new_rows), NULL);
        PERFORM accounts_keep_team_ids(ARRAY(
            SELECT user_id FROM accounts_teammember WHERE team_id IN (SELECT id FROM new_rows)));
        RETURN NULL;
    """
    return [_after("reach_insert", pgtrigger.Insert, keep), _after("reach_update", pgtrigger.Update, keep)]


def keep_teams_of_choices() -> list[pgtrigger.Trigger]:
    keep = f"""
        {_ALONE}
        PERFORM accounts_keep_visible(
            ARRAY(SELECT DISTINCT team_id FROM {{rows}}), ARRAY(SELECT DISTINCT account_id FROM {{rows}}));
        RETURN NULL;
    """
    both = "(SELECT * FROM new_rows UNION ALL SELECT * FROM old_rows) r"
    return [
        _after("chosen_insert", pgtrigger.Insert, keep.format(rows="new_rows")),
        _after("chosen_update", pgtrigger.Update, keep.format(rows=both)),
        _after("chosen_delete", pgtrigger.Delete, keep.format(rows="old_rows")),
    ]


def keep_teams_of_members() -> list[pgtrigger.Trigger]:
    keep = f"""
        {_ALONE}
        PERFORM accounts_keep_team_ids(ARRAY(SELECT DISTINCT user_id FROM {{rows}}));
        RETURN NULL;
    """
    both = "(SELECT * FROM new_rows UNION ALL SELECT * FROM old_rows) r"
    return [
        _after("limits_insert", pgtrigger.Insert, keep.format(rows="new_rows")),
        _after("limits_update", pgtrigger.Update, keep.format(rows=both)),
        _after("limits_delete", pgtrigger.Delete, keep.format(rows="old_rows")),
    ]


def _after(name: str, operation: pgtrigger.Operation, func: str) -> pgtrigger.Trigger:
    old = None if operation == pgtrigger.Insert else "old_rows"
    new = None if operation == pgtrigger.Delete else "new_rows"
    return pgtrigger.Trigger(
        name=name, level=pgtrigger.Statement, when=pgtrigger.After, operation=operation,
        referencing=pgtrigger.Referencing(old=old, new=new), func=func,
    )  # fmt: skip
