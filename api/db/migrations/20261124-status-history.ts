import { Migration } from '@mikro-orm/migrations'

export class Migration20261124StatusHistory extends Migration {
  override up(): void {
    for (const statement of statements) this.addSql(statement)
  }
}

const statements = [
  `create table "status_changes" (
    "id" integer not null primary key autoincrement, "node_id" text not null references "nodes" ("id") on delete cascade,
    "at" datetime not null, "from_status" text null, "to_status" text not null, "signal" text not null, "reason" text null)`,
  // Within an index key, SQLite sorts rows by id, so this index also orders a node's changes.
  `create index "status_changes_node_id_index" on "status_changes" ("node_id")`,
  `create index "status_changes_at_index" on "status_changes" ("at")`,
  `create table "observed_periods" ("id" integer not null primary key autoincrement, "begun_at" datetime not null, "ended_at" datetime not null)`,
]
