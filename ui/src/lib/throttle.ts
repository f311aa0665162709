/**
 * A function that runs `work` at once, then again after a rest, which may depend on how long the work
 * took; never twice at a time, and always once more after the last call. `stop` ends it.
 */
export function throttle(work: () => Promise<void>, restMs: (tookMs: number) => number) {
  let wanted = false;
  let busy = false;
  let stopped = false;
  let timer: ReturnType<typeof setTimeout> | null = null;

  async function run() {
    if (busy || timer !== null || stopped || !wanted) return;
    wanted = false;
    busy = true;
    const begun = Date.now();
    try {
      await work();
    } finally {
      busy = false;
      if (!stopped) {
        timer = setTimeout(() => {
          timer = null;
          void run();
        }, restMs(Date.now() - begun));
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
