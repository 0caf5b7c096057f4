import { Migration } from '@mikro-orm/migrations'

export class Migration20261130Import extends Migration {
  override up(): void {
    this.addSql('alter table "apps" add column "place" json null')
  }
}
