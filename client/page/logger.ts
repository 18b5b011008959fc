/** KafkaJS's log levels and its pluggable `logCreator`. */
export const logLevel = { NOTHING: 0, ERROR: 1, WARN: 2, INFO: 4, DEBUG: 5 } as const;
export type LogLevel = (typeof logLevel)[keyof typeof logLevel];

export interface LogEntry {
  readonly namespace: string;
  readonly level: LogLevel;
  readonly label: string;
  readonly log: { readonly timestamp: string; readonly message: string; readonly [extra: string]: unknown };
}

export type LogCreator = (level: LogLevel) => (entry: LogEntry) => void;
type Extra = Readonly<Record<string, unknown>>;

export interface Logger {
  error(message: string, extra?: Extra): void;
  warn(message: string, extra?: Extra): void;
  info(message: string, extra?: Extra): void;
  debug(message: string, extra?: Extra): void;
}

export function createLogger(options: {
  readonly namespace: string;
  readonly level: LogLevel;
  readonly create?: LogCreator | undefined;
  readonly now: () => number;
}): Logger {
  const { namespace, level: most, now } = options;
  const write = (options.create ?? consoleLogCreator)(most);
  const at =
    (level: LogLevel, label: string) =>
    (message: string, extra: Extra = {}): void => {
      if (level > most) return;
      write({ namespace, level, label, log: { ...extra, timestamp: new Date(now()).toISOString(), message } });
    };
  return {
    error: at(logLevel.ERROR, "ERROR"),
    warn: at(logLevel.WARN, "WARN"),
    info: at(logLevel.INFO, "INFO"),
    debug: at(logLevel.DEBUG, "DEBUG"),
  };
}

function consoleLogCreator(): (entry: LogEntry) => void {
  return ({ namespace, level, log: { message, timestamp: _timestamp, ...extra } }) => {
    const line = `[strandline/${namespace}] ${message}`;
    if (level === logLevel.ERROR) console.error(line, extra);
    else if (level === logLevel.WARN) console.warn(line, extra);
    else if (level === logLevel.INFO) console.info(line, extra);
    else console.debug(line, extra);
  };
}
