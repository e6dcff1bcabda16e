from accounts.models.account import Account, AccountQuerySet
from accounts.models.team import Team, TeamAccount, TeamMember, VisibleAccount

__all__ = ["Account", "AccountQuerySet", "Team", "TeamAccount", "TeamMember", "VisibleAccount"]
