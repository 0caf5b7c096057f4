import { Migration } from '@mikro-orm/migrations'

export class Migration20261207Inviters extends Migration {
  override up(): void {
    this.addSql('alter table "invitations" add column "inviter_id" text null references "users" ("id") on delete cascade')
    this.addSql('create index "invitations_inviter_id_index" on "invitations" ("inviter_id")')
    // So that open ones end with the rights of whoever made them, too. Tokens made on the server belong to "machine".
    this.addSql(
      `update "invitations" set "inviter_id" = (select "id" from "users" where "login" = "invited_by") where "invited_by" <> 'machine'`,
    )
    this.addSql(`delete from "invitations" where "inviter_id" is null and "invited_by" <> 'machine'`)
  }
}
