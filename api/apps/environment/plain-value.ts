/** A variable of an app with its value, which must not be shown when it is secret. */
export interface PlainValue {
  name: string
  value: string
  secret: boolean
}
