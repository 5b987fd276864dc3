// What programs expect of `Intl` in the one locale there is, en-US. The engine has no `Intl`.
(function () {
  const group = (digits) => digits.replace(/\B(?=(?:\d{3})+$)/g, ",");
  const formatNumber = (value, options = {}) => {
    if (typeof value === "bigint") return `${value < 0n ? "-" : ""}${group(`${value < 0n ? -value : value}`)}`;
    if (Number.isNaN(value)) return "NaN";
    const isPercent = options.style === "percent";
    const isMoney = options.style === "currency";
    const least = options.minimumFractionDigits ?? (isMoney ? 2 : 0);
    const most = options.maximumFractionDigits ?? Math.max(least, isMoney ? 2 : isPercent ? 0 : 3);
    const size = Math.abs(isPercent ? value * 100 : value);
    let text;
    if (size === Infinity) text = "∞";
    else {
      let [whole, fraction = ""] = size >= 1e21 ? [BigInt(size).toString()] : size.toFixed(Math.min(most, 100)).split(".");
      while (fraction.length > least && fraction.endsWith("0")) fraction = fraction.slice(0, -1);
      whole = whole.padStart(options.minimumIntegerDigits ?? 1, "0");
      text = (options.useGrouping === false ? whole : group(whole)) + (fraction ? `.${fraction}` : "");
    }
    const symbol = { USD: "$", EUR: "€", GBP: "£", JPY: "¥" };
    if (isMoney) text = (symbol[options.currency] ?? `${options.currency}\u00a0`) + text;
    if (isPercent) text += "%";
    const isNegative = value < 0 || Object.is(value, -0);
    return (isNegative ? "-" : "") + text;
  };
  const define = (target, name, value) => Object.defineProperty(target, name, { value, writable: true, configurable: true });
  define(Number.prototype, "toLocaleString", function toLocaleString(_locale, options) {
    return formatNumber(Number(this), options);
  });
  define(BigInt.prototype, "toLocaleString", function toLocaleString() {
    return formatNumber(BigInt(this));
  });

  // Letters by their base, then by accents, then small before capital, as the root collation has it.
  const base = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const rank = (char) => (/\s/.test(char) ? 0 : /[\p{P}]/u.test(char) ? 1 : /[\p{S}]/u.test(char) ? 2 : /\p{N}/u.test(char) ? 3 : 4);
  const PUNCTUATION = "_-,;:!?./'\"()[]{}@*\\&#%`^+<=>|~$";
  const byWeight = (one, other, isNumeric) => {
    const pattern = isNumeric ? /\d+|[^\d]/gu : /./gsu;
    const [ones, others] = [one.match(pattern) ?? [], other.match(pattern) ?? []];
    for (let index = 0; index < Math.min(ones.length, others.length); index++) {
      const [a, b] = [ones[index], others[index]];
      if (a === b) continue;
      if (isNumeric && /^\d/.test(a) && /^\d/.test(b)) {
        if (Number(a) !== Number(b)) return Number(a) - Number(b);
        continue;
      }
      if (rank(a) !== rank(b)) return rank(a) - rank(b);
      const [i, j] = [PUNCTUATION.indexOf(a), PUNCTUATION.indexOf(b)];
      if (i >= 0 && j >= 0) return i - j;
      return a < b ? -1 : 1;
    }
    return ones.length - others.length;
  };
  const compare = (one, other, { numeric = false, sensitivity = "variant" } = {}) => {
    const first = Math.sign(byWeight(base(one), base(other), numeric));
    if (first !== 0 || sensitivity === "base") return first;
    const [a, b] = [one.normalize("NFD"), other.normalize("NFD")];
    const [small, smallOther] = [a.toLowerCase(), b.toLowerCase()];
    if (small !== smallOther && sensitivity !== "case") return small < smallOther ? -1 : 1;
    if (a === b || sensitivity === "accent") return 0;
    for (let index = 0; index < a.length; index++) {
      if (a[index] !== b[index]) return a[index] === a[index].toLowerCase() ? -1 : 1;
    }
    return 0;
  };
  define(String.prototype, "localeCompare", function localeCompare(other, _locale, options) {
    return compare(`${this}`, `${other}`, options);
  });
  for (const [name, plain] of [["toLocaleUpperCase", "toUpperCase"], ["toLocaleLowerCase", "toLowerCase"]]) {
    define(String.prototype, name, function () {
      return `${this}`[plain]();
    });
  }

  const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
  const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
  const two = (value) => `${value}`.padStart(2, "0");
  // Dates in UTC: the sandbox has no time zones.
  const formatDate = (date, options = {}, parts = "both") => {
    if (Number.isNaN(date.getTime())) return "Invalid Date";
    const names = ["weekday", "year", "month", "day", "hour", "minute", "second"];
    const given = names.some((name) => options[name] !== undefined);
    if (options.dateStyle || options.timeStyle) {
      const styles = { full: { weekday: "long", year: "numeric", month: "long", day: "numeric" }, long: { year: "numeric", month: "long", day: "numeric" }, medium: { year: "numeric", month: "short", day: "numeric" }, short: { year: "2-digit", month: "numeric", day: "numeric" } };
      const time = options.timeStyle && { hour: "numeric", minute: "2-digit", ...(options.timeStyle === "short" ? {} : { second: "2-digit" }) };
      options = { ...(options.dateStyle && styles[options.dateStyle]), ...time };
    } else if (!given) {
      options = { ...options, ...(parts !== "time" && { year: "numeric", month: "numeric", day: "numeric" }), ...(parts !== "date" && { hour: "numeric", minute: "2-digit", second: "2-digit" }) };
    }
    const number = (value, style) => (style === "2-digit" ? two(value % 100) : `${value}`);
    const month = date.getUTCMonth();
    const day = options.day && number(date.getUTCDate(), options.day);
    const year = options.year && number(date.getUTCFullYear(), options.year);
    const weekday = options.weekday && (options.weekday === "long" ? DAYS[date.getUTCDay()] : DAYS[date.getUTCDay()].slice(0, 3));
    let text = "";
    if (options.month === "long" || options.month === "short") {
      const name = options.month === "long" ? MONTHS[month] : MONTHS[month].slice(0, 3);
      text = [weekday, [name, day].filter(Boolean).join(" "), year].filter(Boolean).join(day ? ", " : " ");
    } else {
      text = [weekday, [options.month && number(month + 1, options.month), day, year].filter(Boolean).join("/")].filter(Boolean).join(", ");
    }
    if (options.hour || options.minute || options.second) {
      const isTwelve = options.hour12 ?? (options.hourCycle ? options.hourCycle === "h12" : true);
      const hours = date.getUTCHours();
      const hour = options.hour && (isTwelve ? number(hours % 12 || 12, options.hour) : two(hours));
      const time = [hour, options.minute && two(date.getUTCMinutes()), options.second && two(date.getUTCSeconds())].filter(Boolean).join(":");
      text += `${text ? ", " : ""}${time}${options.hour && isTwelve ? ` ${hours < 12 ? "AM" : "PM"}` : ""}`;
    }
    return options.timeZoneName ? `${text} UTC` : text;
  };
  define(Date.prototype, "toLocaleString", function toLocaleString(_locale, options) {
    return formatDate(this, options);
  });
  define(Date.prototype, "toLocaleDateString", function toLocaleDateString(_locale, options) {
    return formatDate(this, options, "date");
  });
  define(Date.prototype, "toLocaleTimeString", function toLocaleTimeString(_locale, options) {
    return formatDate(this, options, "time");
  });
  for (const name of ["toString", "toTimeString"]) {
    const plain = Date.prototype[name];
    define(Date.prototype, name, function () {
      const text = plain.call(this);
      return text.endsWith("GMT+0000") ? `${text} (Coordinated Universal Time)` : text;
    });
    Object.defineProperty(Date.prototype[name], "name", { value: name });
  }
  const lasting = (options) => ({ resolvedOptions: () => ({ locale: "en-US", timeZone: "UTC", numberingSystem: "latn", calendar: "gregory", ...options }) });
  const constructible = (make) =>
    function (_locale, options = {}) {
      return make(options);
    };
  const Intl = {
    NumberFormat: constructible((options) => ({ format: (value) => formatNumber(value, options), ...lasting(options) })),
    DateTimeFormat: constructible((options) => ({ format: (date = new Date()) => formatDate(new Date(date), options, "date"), ...lasting(options) })),
    Collator: constructible((options) => ({ compare: (one, other) => compare(`${one}`, `${other}`, options), ...lasting(options) })),
    PluralRules: constructible((options) => ({
      select(value) {
        if (options.type !== "ordinal") return value === 1 ? "one" : "other";
        const [unit, ten] = [value % 10, value % 100];
        return unit === 1 && ten !== 11 ? "one" : unit === 2 && ten !== 12 ? "two" : unit === 3 && ten !== 13 ? "few" : "other";
      },
      ...lasting(options),
    })),
    ListFormat: constructible((options) => ({
      format(list) {
        const items = [...list];
        const word = options.type === "disjunction" ? "or" : "and";
        return items.length < 3 ? items.join(` ${word} `) : `${items.slice(0, -1).join(", ")}, ${word} ${items.at(-1)}`;
      },
      ...lasting(options),
    })),
    getCanonicalLocales: (locales = []) => [locales].flat(),
  };
  Object.defineProperty(Intl, Symbol.toStringTag, { value: "Intl", configurable: true });
  if (globalThis.Intl === undefined) Object.defineProperty(globalThis, "Intl", { value: Intl, writable: true, configurable: true, enumerable: false });
})
