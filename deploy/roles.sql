-- Two roles for Gatehouse on PostgreSQL. gatehouse_owner owns the tables and runs `flask db upgrade`; gatehouse
-- is what the portal signs in as: it reads and writes rows, cannot change tables, and cannot touch the activity.
-- Run it as a superuser inside the portal's database: psql -d gatehouse -f roles.sql. Running it again does no
-- harm. Then give each a password or a pg_hba line: ALTER ROLE gatehouse PASSWORD '...'.
DO $$
DECLARE thing record;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'gatehouse_owner') THEN
    CREATE ROLE gatehouse_owner LOGIN;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'gatehouse') THEN
    CREATE ROLE gatehouse LOGIN;
  END IF;
  EXECUTE format('GRANT CREATE, CONNECT ON DATABASE %I TO gatehouse_owner', current_database());
  EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO gatehouse', current_database());
  -- What another role made before.
  FOR thing IN SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE format('ALTER TABLE public.%I OWNER TO gatehouse_owner', thing.name);
  END LOOP;
  FOR thing IN SELECT oid::regprocedure AS name FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e') LOOP
    EXECUTE format('ALTER FUNCTION %s OWNER TO gatehouse_owner', thing.name);
  END LOOP;
END $$;

GRANT USAGE, CREATE ON SCHEMA public TO gatehouse_owner;
GRANT USAGE ON SCHEMA public TO gatehouse;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO gatehouse;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO gatehouse;
ALTER DEFAULT PRIVILEGES FOR ROLE gatehouse_owner IN SCHEMA public
  GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO gatehouse;
ALTER DEFAULT PRIVILEGES FOR ROLE gatehouse_owner IN SCHEMA public
  GRANT USAGE, SELECT ON SEQUENCES TO gatehouse;

-- The activity is only ever added to. Where somebody is erased, a tombstone takes the place of the name: these
-- columns alone, and a trigger lets nothing but that through.
DO $$
BEGIN
  IF to_regclass('public.activity') IS NOT NULL THEN
    REVOKE UPDATE, DELETE, TRUNCATE ON public.activity FROM gatehouse;
    GRANT UPDATE (actor_name, target_name, changes, reason, address) ON public.activity TO gatehouse;
  END IF;
  IF to_regclass('public.alembic_version') IS NOT NULL THEN
    REVOKE INSERT, UPDATE, DELETE ON public.alembic_version FROM gatehouse;
  END IF;
END $$;
