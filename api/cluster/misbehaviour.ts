/** What a node sends is more, or other, than a node may send. The message says what, to follow its name: "sent more than ...". */
export class Misbehaviour extends Error {
  override readonly name = 'Misbehaviour'
}
