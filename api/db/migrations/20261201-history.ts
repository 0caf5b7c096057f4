import { Migration } from '@mikro-orm/migrations'

export class Migration20261201History extends Migration {
  override up(): void {
    this.addSql(
      'create table "history_series" ("id" integer not null primary key autoincrement, "kind" text not null, "app" text not null, "name" text not null, "seen_at" datetime not null)',
    )
    this.addSql('create unique index "history_series_kind_app_name_unique" on "history_series" ("kind", "app", "name")')
    this.addSql(
      'create table "history_frames" ("id" integer not null primary key autoincrement, "tier" text not null, "at" datetime not null, "packed" blob not null)',
    )
    this.addSql('create unique index "history_frames_tier_at_unique" on "history_frames" ("tier", "at")')
    this.addSql('create index "history_frames_tier_id_index" on "history_frames" ("tier", "id")')
    this.addSql(
      'create table "history_marks" ("id" integer not null primary key autoincrement, "kind" text not null, "at" datetime not null, "until" datetime null, "node_id" text not null, "app" text not null, "name" text not null, "times" integer not null)',
    )
    this.addSql('create index "history_marks_at_index" on "history_marks" ("at")')
  }
}
