"""give the vendor its first words: contact types and the preset roles"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TYPES = (
    ("primary", "Primary", True),
    ("secondary", "Secondary", False),
    ("onsite-member", "Onsite Member", False),
    ("manager", "Manager", False),
    ("regional-manager", "Regional Manager", False),
)
PRESETS = (
    ("client-admin", "Client Admin", "Runs the portal for the company.", "admin"),
    ("property-manager", "Property Manager", "Sees the company's people and places.", "view_client"),
    ("billing", "Billing", "Looks after the invoices.", "billing"),
    ("reports", "Reports", "Follows service and spend.", "reports"),
    ("requester", "Requester", "Asks for work.", "work_orders"),
    ("contact-editor", "Contact Editor", "Keeps other people's details right.", "edit_contacts"),
)

contact_type = sa.table(
    "contact_type",
    sa.column("code", sa.String),
    sa.column("name", sa.String),
    sa.column("is_primary", sa.Boolean),
    sa.column("position", sa.Integer),
)
role = sa.table(
    "role",
    sa.column("id", sa.Integer),
    sa.column("owner", sa.Integer),
    sa.column("code", sa.String),
    sa.column("name", sa.String),
    sa.column("name_key", sa.String),
    sa.column("purpose", sa.String),
)
grant = sa.table("role_permission", sa.column("role_id", sa.Integer), sa.column("permission", sa.String))


def upgrade() -> None:
    for position, (code, name, is_primary) in enumerate(TYPES):
        op.execute(
            contact_type.insert().values(code=code, name=name, is_primary=is_primary, position=position)
        )
    for code, name, purpose, permission in PRESETS:
        values = {"owner": 0, "code": code, "name": name, "name_key": name.lower(), "purpose": purpose}
        op.execute(role.insert().values(**values))
        made = sa.select(role.c.id, sa.literal(permission)).where(role.c.code == code)
        op.execute(grant.insert().from_select(["role_id", "permission"], made))


def downgrade() -> None:
    op.execute(grant.delete().where(grant.c.role_id.in_(sa.select(role.c.id).where(role.c.owner == 0))))
    op.execute(role.delete().where(role.c.owner == 0))
    op.execute(contact_type.delete())
