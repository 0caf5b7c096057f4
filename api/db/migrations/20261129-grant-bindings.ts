import { Migration } from '@mikro-orm/migrations'

export class Migration20261129GrantBindings extends Migration {
  override up(): void {
    this.addSql(`create table "grant_bindings" (
      "entry" text not null primary key, "provider" text not null, "subject" text not null, "at" datetime not null)`)
  }
}
