import { Migration } from '@mikro-orm/migrations'

export class Migration20261202EngineThings extends Migration {
  override up(): void {
    this.addSql(
      'create table "inventory_things" ("key" text not null primary key, "node_id" text not null references "nodes" ("id") on delete cascade, "kind" text not null, "document" json not null)',
    )
    this.addSql('create index "inventory_things_node_id_index" on "inventory_things" ("node_id")')
  }
}
