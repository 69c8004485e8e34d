# Gives the roles of roles.sql their passwords; the PostgreSQL image runs it once, after that file.
psql --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --set ON_ERROR_STOP=1 \
  --set owner="$POSTGRES_PASSWORD" --set portal="$DATABASE_PASSWORD" <<'SQL'
ALTER ROLE gatehouse_owner PASSWORD :'owner';
ALTER ROLE gatehouse PASSWORD :'portal';
SQL
