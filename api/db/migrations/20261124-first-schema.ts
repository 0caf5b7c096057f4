import { Migration } from '@mikro-orm/migrations'

export class Migration20261124FirstSchema extends Migration {
  override up(): void {
    for (const statement of statements) this.addSql(statement)
  }
}

const statements = [
  `create table "nodes" (
    "id" text not null primary key, "name" text not null, "api_endpoint" text not null, "api_key" text not null, "is_primary" integer not null,
    "status" text not null, "status_since" datetime not null, "status_reason" text null, "status_signal" text not null,
    "last_seen" datetime null, "last_health_check" datetime null, "consecutive_failures" integer not null,
    "answered_since_registration" integer not null, "next_check_at" datetime null, "created_at" datetime not null, "updated_at" datetime not null)`,
  `create unique index "nodes_name_unique" on "nodes" ("name")`,
  `create table "apps" (
    "id" text not null primary key, "name" text not null, "description" text null, "compose_content" text not null,
    "desired_state" text not null, "last_error" text null, "created_at" datetime not null, "updated_at" datetime not null)`,
  `create unique index "apps_name_unique" on "apps" ("name")`,
  `create table "operations" (
    "id" text not null primary key, "kind" text not null, "status" text not null, "progress" integer not null, "message" text null,
    "output" json not null, "error" text null, "app_id" text null, "app_name" text null,
    "created_at" datetime not null, "started_at" datetime null, "finished_at" datetime null)`,
  `create index "operations_status_index" on "operations" ("status")`,
  `create index "operations_app_id_index" on "operations" ("app_id")`,
  `create index "operations_created_at_index" on "operations" ("created_at")`,
  `create table "inventory_apps" (
    "id" text not null primary key, "node_id" text not null references "nodes" ("id") on delete cascade, "document" json not null)`,
  `create index "inventory_apps_node_id_index" on "inventory_apps" ("node_id")`,
  `create table "inventory_operations" (
    "id" text not null primary key, "node_id" text not null references "nodes" ("id") on delete cascade,
    "created_at" datetime not null, "document" json not null)`,
  `create index "inventory_operations_node_id_index" on "inventory_operations" ("node_id")`,
  `create table "settings" ("key" text not null primary key, "value" text not null, "updated_at" datetime not null)`,
]
