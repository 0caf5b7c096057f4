import { Migration } from '@mikro-orm/migrations'

export class Migration20261130Versions extends Migration {
  override up(): void {
    for (const column of ['environment', 'files', 'profiles']) {
      this.addSql(`alter table "apps" add column "${column}" json not null default '[]'`)
    }
    this.addSql(
      `create table "app_versions" (
        "app_id" text not null, "number" integer not null, "compose_content" text not null, "environment" json not null, "files" json not null,
        "profiles" json not null, "images" json not null, "author" text not null, "reason" text null, "outcome" text not null,
        "created_at" datetime not null, primary key ("app_id", "number"))`,
    )
    // What was before is not known, so the history of existing apps begins with what they are now.
    this.addSql(
      `insert into "app_versions" select "id", "version", "compose_content", '[]', '[]', '[]', '[]', 'upgrade', null,
        case when "last_error" is null then 'healthy' else 'failed' end, "updated_at" from "apps"`,
    )
  }
}
