import { Migration } from '@mikro-orm/migrations'

export class Migration20261206Invitations extends Migration {
  override up(): void {
    this.addSql(`create table "invitations" ("id" text not null primary key, "code_hash" text not null, "note" text not null,
      "role" text not null, "node_limit" json null, "invited_by" text not null, "created_at" datetime not null, "expires_at" datetime not null)`)
    this.addSql('create unique index "invitations_code_hash_unique" on "invitations" ("code_hash")')
  }
}
