import { Migration } from '@mikro-orm/migrations'

/** Stores with each operation what a later run of the program needs to finish it, and what a repeated request is known by. */
export class Migration20261130Operations extends Migration {
  override up(): void {
    this.addSql(`alter table "operations" add column "input" json null`)
    this.addSql(`alter table "operations" add column "resumed" integer not null default 0`)
    this.addSql(`alter table "operations" add column "cancel_asked" integer not null default false`)
    this.addSql(`alter table "operations" add column "idempotency_key" text null`)
    this.addSql(`alter table "operations" add column "request_hash" text null`)
    this.addSql(`create unique index "operations_idempotency_key_unique" on "operations" ("idempotency_key")`)
  }
}
