import { Migration } from '@mikro-orm/migrations'

/** Stores Compose's warnings with each operation. */
export class Migration20261129OperationWarnings extends Migration {
  override up(): void {
    this.addSql(`alter table "operations" add column "warnings" json not null default '[]'`)
  }
}
