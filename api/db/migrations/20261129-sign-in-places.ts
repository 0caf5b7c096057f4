import { Migration } from '@mikro-orm/migrations'

export class Migration20261129SignInPlaces extends Migration {
  override up(): void {
    this.addSql(`create table "sign_in_places" ("id" text not null primary key, "name" text not null, "at" datetime not null)`)
    this.addSql(`create index "sign_in_places_name_index" on "sign_in_places" ("name")`)
  }
}
