import { Migration } from '@mikro-orm/migrations'

export class Migration20261205FilesSince extends Migration {
  override up(): void {
    this.addSql('alter table "apps" add column "files_since" json null')
  }
}
