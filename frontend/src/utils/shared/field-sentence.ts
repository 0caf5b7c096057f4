const predicate = /^(is|are|was|has|have|had|must|can|cannot|may|does|needs|names|lacks|belongs|contains)\b/

/**
 * A server's complaint about a field, as a sentence that people read below its input. The server says it as what follows the field's
 * name, such as `must be a UUID`.
 */
export const fieldSentence = (message: string): string =>
  predicate.test(message) ? `This ${message}` : message.charAt(0).toUpperCase() + message.slice(1)

export const fieldSentences = (messages: string[]): string => messages.map(fieldSentence).join('. ')
