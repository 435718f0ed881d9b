import type { Credentials } from './credentials.ts';
import type { ReadingSettings } from './reply-reader.ts';
import type { TlsSettings } from './socket.ts';

export interface ConnectionSettings {
  readonly connectTimeoutMs: number;
  readonly replyTimeoutMs: number;
  readonly credentials?: Credentials;
  readonly tls?: TlsSettings;
  readonly reading?: ReadingSettings;
}
