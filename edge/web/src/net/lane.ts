import { backoff } from "./backoff";

/**
 * Runs a piece of reconciling work, one run at a time.
 *
 * `poke` asks for a run; pokes during a run cause exactly one more. A run that throws is repeated
 * after a back-off, so the work itself only has to compare what is wanted with what is there.
 */
export class Lane {
  private running = false;
  private again = false;
  private stopped = false;
  private failures = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly work: () => Promise<void>,
    private readonly onFailure: (error: unknown) => void = () => {},
  ) {}

  readonly poke = (): void => {
    if (this.stopped) return;
    if (this.running) {
      this.again = true;
      return;
    }
    clearTimeout(this.timer);
    void this.run();
  };

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private async run(): Promise<void> {
    this.running = true;
    try {
      do {
        this.again = false;
        await this.work();
      } while (this.again && !this.stopped);
      this.failures = 0;
    } catch (error) {
      if (!this.stopped) {
        this.failures += 1;
        this.onFailure(error);
        this.timer = setTimeout(this.poke, Math.max(100, backoff(this.failures)));
      }
    } finally {
      this.running = false;
    }
  }
}
