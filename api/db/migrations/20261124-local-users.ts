import { Migration } from '@mikro-orm/migrations'

export class Migration20261124LocalUsers extends Migration {
  override up(): void {
    this.addSql(`create table "local_users" (
      "name" text not null primary key, "version" text not null, "password_hash" text not null,
      "created_at" datetime not null, "changed_at" datetime not null)`)
  }
}
