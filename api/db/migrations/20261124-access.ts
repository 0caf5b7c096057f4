import { Migration } from '@mikro-orm/migrations'

export class Migration20261124Access extends Migration {
  override up(): void {
    for (const statement of statements) this.addSql(statement)
  }
}

const statements = [
  `alter table "nodes" add column "labels" json not null default '{}'`,
  `create table "users" (
    "id" text not null primary key, "provider" text not null, "subject" text not null, "allowed_as" text not null, "login" text not null,
    "name" text null, "email" text null, "groups" json not null, "created_at" datetime not null, "last_sign_in_at" datetime not null)`,
  `create unique index "users_provider_subject_unique" on "users" ("provider", "subject")`,
  `create table "sessions" (
    "id" text not null primary key, "user_id" text not null references "users" ("id") on delete cascade,
    "created_at" datetime not null, "last_used_at" datetime not null, "address" text not null, "user_agent" text not null)`,
  `create index "sessions_user_id_index" on "sessions" ("user_id")`,
  `create table "api_tokens" (
    "id" text not null primary key, "user_id" text null references "users" ("id") on delete cascade, "name" text not null, "scope" text not null,
    "secret_hash" text not null, "created_at" datetime not null, "expires_at" datetime not null, "last_used_at" datetime null)`,
  `create index "api_tokens_user_id_index" on "api_tokens" ("user_id")`,
  `create table "audit_entries" (
    "id" integer not null primary key autoincrement, "at" datetime not null, "actor" text not null, "via" text not null, "address" text not null,
    "action" text not null, "node_id" text null, "app_id" text null, "subject" text null, "outcome" text not null, "detail" text null,
    "started_id" integer null)`,
  `create index "audit_entries_at_index" on "audit_entries" ("at")`,
  // Audit entries cannot be changed or deleted, whatever the program does.
  `create trigger "audit_entries_no_update" before update on "audit_entries" begin select raise(abort, 'the audit log is append-only'); end`,
  `create trigger "audit_entries_no_delete" before delete on "audit_entries" begin select raise(abort, 'the audit log is append-only'); end`,
  // `insert or replace` deletes without firing the trigger above.
  `create trigger "audit_entries_no_replace" before insert on "audit_entries" when exists (select 1 from "audit_entries" where "id" = new."id")
    begin select raise(abort, 'the audit log is append-only'); end`,
]
