import { Migration } from '@mikro-orm/migrations'

export class Migration20261206Passwords extends Migration {
  override up(): void {
    this
      .addSql(`create table "passwords" ("user_id" text not null primary key references "users" ("id") on update cascade on delete cascade,
      "name" text not null, "password_hash" text not null, "changed_at" datetime not null)`)
    this.addSql('create index "passwords_user_id_index" on "passwords" ("user_id")')
    this.addSql('create unique index "passwords_name_unique" on "passwords" ("name")')
    this.addSql('alter table "users" add column "role" text null')
    this.addSql('alter table "users" add column "node_limit" json null')
    this.addSql('alter table "sessions" add column "method" text null')
  }
}
