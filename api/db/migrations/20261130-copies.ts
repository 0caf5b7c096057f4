import { Migration } from '@mikro-orm/migrations'

export class Migration20261130Copies extends Migration {
  override up(): void {
    this.addSql(
      'create table "app_copies" ("app_id" text not null primary key, "node_id" text not null references "nodes" ("id") on delete cascade, "version" integer not null, "contents" text not null, "made_again" json null)',
    )
    this.addSql('create index "app_copies_node_id_index" on "app_copies" ("node_id")')
  }
}
