import { Migration } from '@mikro-orm/migrations'

export class Migration20261203Notifications extends Migration {
  override up(): void {
    this.addSql(
      'create table "notification_channels" ("id" text not null primary key, "name" text not null, "kind" text not null, "min_severity" text not null, "labels" json not null, "target" text not null, "created_at" datetime not null, "updated_at" datetime not null)',
    )
    this.addSql(
      'create table "notification_deliveries" ("id" integer not null primary key autoincrement, "channel_id" text not null, "alarm_id" text not null, "notice" json not null, "state" text not null, "attempts" integer not null, "created_at" datetime not null, "next_at" datetime not null, "ended_at" datetime null, "error" text null, constraint "notification_deliveries_channel_id_foreign" foreign key ("channel_id") references "notification_channels" ("id") on delete cascade)',
    )
    this.addSql(
      'create index "notification_deliveries_channel_id_state_id_index" on "notification_deliveries" ("channel_id", "state", "id")',
    )
    this.addSql('create index "notification_deliveries_channel_id_index" on "notification_deliveries" ("channel_id")')
    this.addSql('create index "notification_deliveries_alarm_id_index" on "notification_deliveries" ("alarm_id")')
  }
}
