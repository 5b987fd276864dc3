// The module `fs/promises`.
(function ({ part }) {
  return part("fs").promises;
})
