/**
 * Why a registry could not be asked. `unreachable`: there was no answer, so another node may have more luck. `limited`: not before
 * `retryAt`.
 */
export type RegistryFailure = 'unreachable' | 'refused' | 'missing' | 'limited' | 'unreadable'

/** Its message is shown to people beside the image, so it says what to do and holds no credential. */
export class RegistryError extends Error {
  readonly kind: RegistryFailure
  readonly retryAt: Date | null

  constructor(kind: RegistryFailure, message: string, options: { cause?: unknown; retryAt?: Date } = {}) {
    super(message, { cause: options.cause })
    this.name = 'RegistryError'
    this.kind = kind
    this.retryAt = options.retryAt ?? null
  }
}
