/**
 * A function that runs `work` at once, then at most every `everyMs`, never twice at a time, and
 * always once more after the last call. `stop` ends it.
 */
export function throttle(work: () => Promise<void>, everyMs: number) {
  let wanted = false;
  let busy = false;
  let stopped = false;
  let timer: ReturnType<typeof setTimeout> | null = null;

  async function run() {
    if (busy || timer !== null || stopped || !wanted) return;
    wanted = false;
    busy = true;
    try {
      await work();
    } finally {
      busy = false;
      if (!stopped) {
        timer = setTimeout(() => {
          timer = null;
          void run();
        }, everyMs);
      }
    }
  }

  return {
    call() {
      wanted = true;
      void run();
    },
    stop() {
      stopped = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
}
