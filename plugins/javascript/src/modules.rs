//! ECMAScript modules: the engine asks here, and the runtime's `modules.js` decides.

use rquickjs::{
    Ctx, Function, Module, Object, Persistent, Result,
    loader::{Loader, Resolver},
    module::Declared,
};

/// The runtime's two functions that find and read modules.
#[derive(Clone)]
pub(crate) struct Modules {
    resolve: Persistent<Function<'static>>,
    load: Persistent<Function<'static>>,
}

impl Modules {
    /// `resolve(base, name)` gives a module's name in full; `load(name)` its `source` and a
    /// function `describe` that fills in its `import.meta`.
    pub(crate) fn new(
        resolve: Persistent<Function<'static>>,
        load: Persistent<Function<'static>>,
    ) -> Self {
        Self { resolve, load }
    }
}

impl Resolver for Modules {
    fn resolve<'js>(&mut self, ctx: &Ctx<'js>, base: &str, name: &str) -> Result<String> {
        self.resolve.clone().restore(ctx)?.call((base, name))
    }
}

impl Loader for Modules {
    fn load<'js>(&mut self, ctx: &Ctx<'js>, name: &str) -> Result<Module<'js, Declared>> {
        let loaded: Object = self.load.clone().restore(ctx)?.call((name,))?;
        let source: String = loaded.get("source")?;
        let module = Module::declare(ctx.clone(), name, source)?;
        loaded
            .get::<_, Function>("describe")?
            .call::<_, ()>((module.meta()?,))?;
        Ok(module)
    }
}
