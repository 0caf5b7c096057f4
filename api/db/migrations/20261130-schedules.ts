import { Migration } from '@mikro-orm/migrations'

export class Migration20261130Schedules extends Migration {
  override up(): void {
    this.addSql(
      'create table "app_schedules" ("id" text not null primary key, "app_id" text not null references "apps" ("id") on delete cascade, "position" integer not null, "action" text not null, "cron" text not null, "time_zone" text not null, "enabled" integer not null, "done_until" datetime not null)',
    )
  }
}
