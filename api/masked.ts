/** What stands for a secret value wherever it would be shown or stored. */
export const masked = '••••'
