import { Migration } from '@mikro-orm/migrations'

/** Operations keep what Compose warned of. */
export class Migration20261129OperationWarnings extends Migration {
  override up(): void {
    this.addSql(`alter table "operations" add column "warnings" json not null default '[]'`)
  }
}
