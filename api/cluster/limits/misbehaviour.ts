/** A node sent more than, or something other than, it is allowed to. The message follows the node's name: "sent more than ...". */
export class Misbehaviour extends Error {
  override readonly name = 'Misbehaviour'
}
