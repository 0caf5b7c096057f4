/** How long a problem must last before its alarm. Longer delays every alarm, shorter raises one for each restart. */
export const settleMs = 3000
