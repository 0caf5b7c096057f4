import { Migration } from '@mikro-orm/migrations'

/** Deletes existing sessions: they are bound to no browser, and a stolen cookie must not be able to bind one. People sign in again. */
export class Migration20261129SessionBrowser extends Migration {
  override up(): void {
    this.addSql('alter table "sessions" add column "browser" text null')
    this.addSql('delete from "sessions"')
  }
}
