import { Migration } from '@mikro-orm/migrations'

export class Migration20261124About extends Migration {
  override up(): void {
    this.addSql(`alter table "nodes" add column "about" json null`)
  }
}
