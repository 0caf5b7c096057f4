import { Migration } from '@mikro-orm/migrations'

export class Migration20261206SecondFactors extends Migration {
  override up(): void {
    this
      .addSql(`create table "second_factors" ("user_id" text not null primary key references "users" ("id") on update cascade on delete cascade,
      "secret" text not null, "confirmed_at" datetime null, "last_step" integer not null, "recovery_hashes" json not null)`)
    this.addSql('create index "second_factors_user_id_index" on "second_factors" ("user_id")')
    this
      .addSql(`create table "passkeys" ("id" text not null primary key, "user_id" text not null references "users" ("id") on delete cascade,
      "name" text not null, "public_key" text not null, "counter" integer not null, "transports" json not null,
      "created_at" datetime not null, "last_used_at" datetime null)`)
    this.addSql('create index "passkeys_user_id_index" on "passkeys" ("user_id")')
  }
}
