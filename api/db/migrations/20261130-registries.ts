import { Migration } from '@mikro-orm/migrations'

export class Migration20261130Registries extends Migration {
  override up(): void {
    this.addSql(
      'create table "image_answers" ("image" text not null, "platform" text not null, "digest" text null, "same" json not null, "found_at" datetime null, "checked_at" datetime null, "asked_at" datetime not null, "error" text null, primary key ("image", "platform"))',
    )
    this.addSql(
      'create table "registry_credentials" ("registry" text not null primary key, "username" text not null, "password" text not null, "updated_at" datetime not null)',
    )
  }
}
