import { Migration } from '@mikro-orm/migrations'

export class Migration20261124NodeHolds extends Migration {
  override up(): void {
    this.addSql(`alter table "nodes" add column "cordon" json null`)
    this.addSql(`alter table "nodes" add column "maintenance" json null`)
  }
}
