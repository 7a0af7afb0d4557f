// The agent among the processes of a machine that pidnap supervises. The token comes with the machine: a file, or
// INGRESS_TOKEN in pidnap's envFile (never in `args`).
import { defineConfig } from "pidnap";

export default defineConfig({
  processes: [
    {
      name: "ingress-agent",
      definition: {
        command: "/usr/local/bin/ingress-agent",
        // pidnap sends SIGTERM to the whole process group and SIGKILL after 5 s. So no --supervise, whose children would be
        // told twice, and a drain that is shorter than that.
        args: ["run", "--listen", "0.0.0.0:8080", "--grace-period", "4s"],
        env: {
          INGRESS_BROKER: "https://broker.iterate.app",
          INGRESS_MACHINE: process.env.INGRESS_MACHINE ?? "mach_123",
          INGRESS_TOKEN_FILE: "/etc/ingress/agent.token",
          INGRESS_SECRET_FILE: "/etc/ingress/ingress.secret",
        },
      },
      options: {
        // Also after exit code 0: a machine without its agent can't be reached. A bad configuration (78) backs off.
        restartPolicy: "always",
        backoff: { type: "exponential", initialDelayMs: 250, maxDelayMs: 10000 },
        crashLoop: { maxRestarts: 10, windowMs: 60000, backoffMs: 60000 },
        minUptimeMs: 1000,
      },
    },
  ],
});
