use xenon_host::component::{component, engine};

#[test]
fn x() {
    let ty = component().component_type();
    for (name, _) in ty.imports(engine()) { println!("{name}"); }
    println!("--");
    for (name, _) in ty.exports(engine()) { println!("{name}"); }
}
