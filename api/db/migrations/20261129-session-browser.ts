import { Migration } from '@mikro-orm/migrations'

/** Sessions from before are bound to no browser, and a cookie that was stolen must not be able to bind one: people sign in once more. */
export class Migration20261129SessionBrowser extends Migration {
  override up(): void {
    this.addSql('alter table "sessions" add column "browser" text null')
    this.addSql('delete from "sessions"')
  }
}
