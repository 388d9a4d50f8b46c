// The scenarios' own small test harness. It runs as it is in Node and in a page, and takes the clients from globals.
(function (root) {
  'use strict';

  const scenarios = [];

  // scenario registers one test; it passes when the function's promise fulfils within the deadline.
  function scenario(name, run, deadline = 30000) {
    scenarios.push({ name, run, deadline });
  }

  class Skip extends Error {}

  class Test {
    constructor(env, name) {
      this.env = env;
      this.tag = `${env.tag}-${name.replace(/[^a-z0-9]+/gi, '-')}-${Math.random().toString(36).slice(2, 8)}`;
      this.cleanups = [];
    }

    // queue and topic give destinations that nobody else uses.
    queue(name = 'q') {
      return `${this.env.broker === 'hornetq' ? 'jms.queue.' : '/queue/'}${this.tag}-${name}`;
    }

    topic(name = 't') {
      return `${this.env.broker === 'hornetq' ? 'jms.topic.' : '/topic/'}${this.tag}-${name}`;
    }

    // only skips the rest with a reason when the broker is none of those named.
    only(brokers, reason) {
      if (!brokers.includes(this.env.broker)) throw new Skip(reason);
    }

    cleanup(f) {
      this.cleanups.push(f);
    }

    equal(got, want, what) {
      if (got !== want) throw new Error(`${what}: got ${show(got)}, want ${show(want)}`);
    }

    same(got, want, what) {
      this.equal(JSON.stringify(got), JSON.stringify(want), what);
    }

    ok(holds, what) {
      if (!holds) throw new Error(what);
    }

    // within fails when the promise is not settled in time.
    within(promise, what, ms = 20000) {
      let timer;
      const late = new Promise((_, no) => {
        timer = setTimeout(() => no(new Error(`after ${ms} ms still not: ${what}`)), ms);
      });
      return Promise.race([promise, late]).finally(() => clearTimeout(timer));
    }

    sleep(ms) {
      return new Promise((yes) => setTimeout(yes, ms));
    }
  }

  // Inbox is a callback that keeps what it is called with until somebody asks for it.
  class Inbox {
    constructor(t, what) {
      this.t = t;
      this.what = what;
      this.items = [];
      this.waiting = null;
      this.put = (item) => {
        this.items.push(item);
        if (this.waiting) this.waiting();
      };
    }

    async next() {
      while (this.items.length === 0) {
        const more = new Promise((yes) => { this.waiting = yes; });
        await this.t.within(more, `another ${this.what}`);
      }
      return this.items.shift();
    }
  }

  function show(v) {
    const s = typeof v === 'string' ? JSON.stringify(v) : String(v);
    return s.length > 200 ? `${s.slice(0, 200)}… (${s.length})` : s;
  }

  function text(error) {
    return error && error.message ? error.message : String(error);
  }

  async function runOne(env, { name, run, deadline }) {
    const t = new Test(env, name);
    const start = Date.now();
    let error = null;
    let skipped = null;
    try {
      await t.within(run(t), 'the scenario done', deadline);
    } catch (e) {
      if (e instanceof Skip) skipped = text(e);
      else error = text(e);
    }
    for (const f of t.cleanups.reverse()) {
      try {
        await t.within(Promise.resolve(f()), 'cleaned up', 5000);
      } catch (e) {
        error = error || `clean-up: ${text(e)}`;
      }
    }
    return { scenario: name, ok: error === null, skipped, error, ms: Date.now() - start };
  }

  // run runs all scenarios, some at a time, and reports each.
  async function run(env, report) {
    const only = env.only ? new RegExp(env.only) : /./;
    const todo = scenarios.filter((s) => only.test(s.name));
    const worker = async () => {
      while (todo.length > 0) report(await runOne(env, todo.shift()));
    };
    await Promise.all(Array.from({ length: env.parallel || 4 }, worker));
  }

  root.stompgwTests = { scenario, run, Inbox, adapters: [] };
})(globalThis);
