import { Migration } from '@mikro-orm/migrations'

/** What a program that was killed while it rolled an app back, or copied its volumes, has to finish. */
export class Migration20261130Deploys extends Migration {
  override up(): void {
    this.addSql(`alter table "apps" add column "going_back" json null`)
    this.addSql(`alter table "apps" add column "restart_owed" json null`)
  }
}
