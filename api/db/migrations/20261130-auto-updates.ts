import { Migration } from '@mikro-orm/migrations'

export class Migration20261130AutoUpdates extends Migration {
  override up(): void {
    this.addSql(
      'create table "auto_updates" ("app_id" text not null primary key references "apps" ("id") on delete cascade, "cron" text not null, "time_zone" text not null, "window_minutes" integer not null, "minimum_age_hours" integer not null, "done_until" datetime not null, "failed" json not null)',
    )
  }
}
