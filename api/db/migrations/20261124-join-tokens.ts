import { Migration } from '@mikro-orm/migrations'

export class Migration20261124JoinTokens extends Migration {
  override up(): void {
    for (const statement of statements) this.addSql(statement)
  }
}

const statements = [
  `create table "join_tokens" (
    "id" text not null primary key, "name" text not null, "name_pattern" text not null, "labels" json not null, "secret_hash" text not null,
    "max_uses" integer not null, "uses" integer not null, "created_at" datetime not null, "created_by" text not null, "expires_at" datetime not null)`,
  `create unique index "join_tokens_name_unique" on "join_tokens" ("name")`,
]
