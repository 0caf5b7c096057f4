import { Migration } from '@mikro-orm/migrations'

export class Migration20261129SignInLinks extends Migration {
  override up(): void {
    this.addSql(`create table "sign_in_links" (
      "id" text not null primary key, "code_hash" text not null, "created_at" datetime not null, "expires_at" datetime not null)`)
  }
}
