import { Migration } from '@mikro-orm/migrations'

export class Migration20261203Alarms extends Migration {
  override up(): void {
    this.addSql(
      'create table "alarms" ("id" text not null primary key, "kind" text not null, "node_id" text null, "app_id" text null, "part" text not null, "node_name" text null, "app_name" text null, "message" text not null, "since" datetime not null)',
    )
  }
}
